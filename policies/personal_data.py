from common.personal_data import exempt

for table in (
    "Company",
    "PolicyVersion",
    "PolicyText",
    "Purpose",
    "DeclaredField",
    "Recipient",
    "Recipient_purposes",
    "Agreement",
    "Promise",
    "PromiseResult",
    "TimeLimit",
    "RetentionRule",
    "OfficialDay",
    "CalendarRange",
):
    exempt(f"policies.{table}", because="says what the company promised, nothing of a customer")
