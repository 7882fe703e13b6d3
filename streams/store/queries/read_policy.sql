select files::text from policy_document where version = $1
