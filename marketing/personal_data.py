from common.personal_data import exempt

exempt(
    "marketing.Suppression",
    because="knows an address or number by a keyed hash alone, and must outlive its owner's data:"
    " else an import would bring back the advertising that they refused",
)
