from common.personal_data import exempt

exempt(
    "notices.Notice",
    because="names its recipient by public id; an address and text are forgotten once sent",
)
exempt("common.JobStatus", because="names jobs and kinds of errors")
