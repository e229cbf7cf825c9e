"""Who the company is, and the settings that its policy fixes."""

from policies import profile_schema
from policies.loading.rows import put, two_columns
from policies.models import Company


def load_company(profile: profile_schema.Profile) -> int:
    company, parameters = profile.company, profile.parameters
    return put(
        Company,
        {"pk": 1},
        {
            "profile": profile.code,
            **two_columns("name", company.name),
            **two_columns("address", company.address),
            **two_columns("complaints_address", company.complaints_address),
            **company.model_dump(
                include={
                    "short_name",
                    "phone",
                    "email",
                    "tax_code",
                    "website",
                    "complaints_phone",
                    "complaints_email",
                }
            ),
            **parameters.model_dump(
                include={
                    "day_kind",
                    "staff_access_mode",
                    "notice_period_days",
                    "accuracy_months",
                    "consent_months",
                    "grace_days",
                    "idle_months",
                    "due_soon_days",
                    "lead_after_days",
                    "dpo_after_days",
                    "undertaking_months",
                    "work_from_hour",
                    "work_to_hour",
                    "customers_per_hour",
                    "caseless_percent",
                    "assignment",
                }
            ),
            "required_fields": list(parameters.required_fields),
            "optional_fields": list(parameters.optional_fields),
            "forbidden_recipient_kinds": list(parameters.forbidden_recipient_kinds),
            "closed_data_categories": list(parameters.closed_data_categories),
            "newsletter": parameters.newsletter or "",
            "unstated": [*company.unstated, *parameters.unstated],
        },
    )
