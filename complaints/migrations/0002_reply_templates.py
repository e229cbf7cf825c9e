from django.db import migrations

TEMPLATES = [
    (
        "Xin thêm bằng chứng",
        "Ask for evidence",
        "Chào bạn,\n\nĐể xác minh khiếu nại {reference}, chúng tôi cần thêm bằng chứng: ảnh chụp màn"
        " hình, thư hoặc tin nhắn mà bạn nhận được. Bạn có thể trả lời ngay tại trang này.\n\n"
        "{company}",
        "Hello,\n\nTo check complaint {reference} we need more evidence: a screenshot, a letter or a"
        " message that you received. You can answer on this page.\n\n{company}",
    ),
    (
        "Báo tiến độ",
        "Tell how far we are",
        "Chào bạn,\n\nChúng tôi đang xác minh khiếu nại {reference} và sẽ trả lời bạn chậm nhất"
        " ngày {last_day}.\n\n{company}",
        "Hello,\n\nWe are checking complaint {reference} and will answer you by {last_day} at the"
        " latest.\n\n{company}",
    ),
    (
        "Hỏi thời điểm xảy ra việc",
        "Ask when it happened",
        "Chào bạn,\n\nBạn cho biết giúp: việc nêu trong khiếu nại {reference} xảy ra vào ngày giờ"
        " nào, và bạn biết được qua đâu?\n\n{company}",
        "Hello,\n\nPlease tell us on which day and at what time that happened of which complaint"
        " {reference} speaks, and how you learned of it.\n\n{company}",
    ),
]


def add(apps, schema_editor):
    model = apps.get_model("complaints", "ReplyTemplate")
    for name_vi, name_en, text_vi, text_en in TEMPLATES:
        model.objects.get_or_create(
            name_vi=name_vi, defaults={"name_en": name_en, "text_vi": text_vi, "text_en": text_en}
        )


class Migration(migrations.Migration):
    dependencies = [("complaints", "0001_initial")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
