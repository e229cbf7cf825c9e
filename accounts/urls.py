from django.urls import path

from accounts.views import (
    accesses,
    assistance,
    closing,
    consents,
    details,
    devices,
    phone,
    policy,
    receipts,
)

urlpatterns = [
    path("data/", details.data, name="data"),
    path("data/edit/", details.edit_details, name="edit_details"),
    path("data/confirm/", details.confirm_details, name="confirm_details"),
    path("data/erase/<slug:name>/", details.erase_detail, name="erase_detail"),
    path("data/<slug:category>/", details.data_category, name="data_category"),
    path("data/<slug:category>/erase/", details.erase_category, name="erase_category"),
    path("phone/", phone.verify_phone, name="verify_phone"),
    path("phone/send/", phone.send_phone_code, name="send_phone_code"),
    path("devices/sign-out/", devices.sign_out, name="sign_out_device"),
    path("devices/forget/", devices.forget, name="forget_device"),
    path("consents/", consents.consents, name="consents"),
    path("consents/decide/", consents.decide_consent, name="decide_consent"),
    path("consents/history/", receipts.consent_history, name="consent_history"),
    path(
        "consents/receipts/<slug:record>.pdf",
        receipts.consent_receipt,
        {"form": "pdf"},
        name="consent_receipt_pdf",
    ),
    path(
        "consents/receipts/<slug:record>.json",
        receipts.consent_receipt,
        {"form": "json"},
        name="consent_receipt_json",
    ),
    path("accesses/", accesses.accesses, name="accesses"),
    path("details/", assistance.choose_details, name="choose_details"),
    path("changes/", assistance.staff_changes, name="staff_changes"),
    path("email/<str:token>/", assistance.confirm_new_email, name="confirm_new_email"),
    path("policy/", policy.accept_policy, name="accept_policy"),
    path("close/", closing.close, name="close_account"),
]
