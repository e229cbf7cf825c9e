from common.personal_data import exempt, outlives

exempt("access.AccessRecord", because="knows the customer by public id alone, and no values")
exempt("access.UnsealedRecord", because="numbers of access records that wait for their seal")
exempt("access.AccessSeal", because="numbers and digests of access records")
exempt("access.SealCopy", because="says how far seals were copied")
exempt("access.AccessVerification", because="counts seals and records, and names the first fault")
outlives(
    "access.AccessRecord.customer",
    because="who looked at what is answered for longer than the data is kept, by public id alone",
)
