"""The shell around the core: the only code that knows the habits of Faust and Kafka."""
