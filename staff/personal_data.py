from common.personal_data import exempt

PROOF = "about a member of staff, kept as proof of what the company promised"

exempt("staff.UndertakingText", because="describes what all members of staff undertake")
exempt("staff.Undertaking", because=PROOF)
