from common.personal_data import exempt

exempt("visits.PageDay", because="numbers of a page and a day, of which none belongs to a person")
