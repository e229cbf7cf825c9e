from common.personal_data import exempt, outlives

exempt("downstream.System", because="names systems of the company")
exempt("downstream.System_purposes", because="the purposes of a system")
exempt("downstream.Order", because="knows its customer by public id alone, and names no value")
outlives(
    "downstream.Order.subject",
    because="a public id, by which other systems are told that a customer was erased",
)
outlives(
    "downstream.Order.data",
    because="what a hosting system calls its services, without which it could not destroy them",
)
