"""The core requirements of domain.md section 1: all their ids, and which of them are not built yet."""

CORE = frozenset({
    "IN-1", "IN-2", "IN-3", "IN-4", "IN-6", "IN-7", "IN-8", "IN-12", "VE-1", "VE-2", "VE-3", "VE-4", "VE-5",
    "GR-1", "GR-2", "GR-3", "GR-5", "RL-1", "RL-2", "RL-3", "RL-4", "RL-5", "RL-6", "RL-9", "RL-10", "E9",
    "E10", "E11", "W2", "D3", "JA-1", "JA-2", "TF-1", "TF-2", "TF-3", "TF-4", "TF-5", "TF-6", "TF-7", "TF-10",
    "TF-11", "NS-1", "NS-2", "NS-3", "NS-4", "NS-5", "NS-6", "NS-8", "NS-11", "NS-12", "NS-13", "DU-1", "DU-2",
    "DU-5", "DU-6", "DU-7", "DU-8", "DU-9", "RC-1", "RC-2", "RC-3", "RC-5", "RC-12", "AL-1", "AL-2", "AL-3",
    "AL-5", "AL-6", "AL-8", "AL-9", "AL-10", "BD-1", "BD-2", "BD-3", "BD-8", "ST-1", "ST-2", "ST-4", "ST-9",
    "TM-1", "TM-2", "TM-3", "TM-7", "TM-8", "TM-12", "EM-1", "EM-2", "EM-3", "EM-6", "MO-1", "MO-2", "MO-3",
    "MO-4", "MO-6", "AU-1", "AU-2", "AU-3", "MA-1", "DR-1", "DR-2", "DR-3", "DR-7", "DR-9", "PL-1", "PL-2",
    "PL-3", "PL-5", "EX-1", "EX-5", "PR-1", "PR-2", "PR-3", "PR-4", "PR-6", "PR-9", "PR-10", "RQ-1", "RQ-3",
    "SU-7", "CF-1", "CF-2", "CF-3", "CF-6", "CF-7", "VU-3",
})  # fmt: skip

UNBUILT: dict[str, str] = {
    "IN-3": "age of the newest report per class of data",
    "TF-6": "assignment and relief of seconded persons",
    "NS-5": "periodic risk digests",
    "NS-11": "gateway to the health platform",
    "NS-13": "retention timer and destruction of personal data",
    "AL-6": "concentration of critical patients",
    "BD-2": "ICU shares and the conversion clock",
    "BD-3": "clearance workflow of the designated hospital",
    "TM-12": "two-hour treatment metric (times to arrival are measured, AL-3)",
    "EM-6": "the four-tier 120 platform",
    "MO-3": "ingestion coverage",
    "DR-1": "exercises as a register with findings",
    "DR-2": "cadence of drills",
    "DR-3": "cadence of team drills",
    "DR-7": "findings that become revisions of plans",
    "PL-1": "consultation before a plan is published",
    "PL-2": "register of plans",
    "PL-3": "relations of plans",
    "PL-5": "versions of plans",
    "EX-1": "register of the expert pool",
    "SU-7": "supervised items with a deadline",
    "CF-1": "quarterly consultation",
    "CF-2": "yearly conference",
    "CF-3": "approval before invitation",
    "CF-6": "minutes and tracked decisions",
    "CF-7": "minutes of a consultation by alert level",
}
"""Core ids without proof, and what is missing. Whoever builds one names it in its test and takes it out of here."""
