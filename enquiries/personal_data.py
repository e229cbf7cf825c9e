from common.personal_data import exempt

exempt(
    "enquiries.Enquiry",
    because="its sender needs no account and is linked to none; a job of its own erases it",
)
exempt("enquiries.ErasedEnquiries", because="numbers of a month")
