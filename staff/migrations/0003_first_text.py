from django.db import migrations

VI = """\
Tôi được tiếp cận dữ liệu cá nhân của khách hàng chỉ vì công việc được giao. Tôi cam kết:

1. Chỉ xem, sử dụng dữ liệu khi công việc được giao cần đến, đúng mục đích đã nêu và trong phạm vi cần thiết.
2. Không tiết lộ, sao chép, chụp lại, mang ra ngoài hoặc cho bất kỳ ai dữ liệu mà tôi biết được, kể cả đồng nghiệp không có nhiệm vụ.
3. Không xem dữ liệu của người thân, đồng nghiệp hoặc của chính mình trên hệ thống này.
4. Giữ kín mật khẩu và phương thức xác thực thứ hai; không cho người khác dùng tài khoản của tôi.
5. Báo ngay cho người phụ trách bảo vệ dữ liệu khi phát hiện lộ, mất dữ liệu hoặc truy cập trái phép.
6. Trả lại hoặc xóa mọi dữ liệu tôi đang giữ khi công việc kết thúc.

Nghĩa vụ bảo mật tiếp tục có hiệu lực sau khi tôi thôi làm việc cho công ty. Tôi biết rằng mỗi lần tiếp cận dữ liệu đều được ghi lại, khách hàng xem được; và nếu vi phạm, tôi bị xử lý kỷ luật, có thể bị chấm dứt hợp đồng và chịu trách nhiệm theo pháp luật.
"""
EN = """\
I have access to customers' personal data only because of the work given to me. I undertake:

1. To view and use data only where that work needs it, for the stated purpose and no further than necessary.
2. Not to disclose, copy, photograph or take away what I learn, nor to pass it to anybody, a colleague without the task included.
3. Not to look up data of relatives, of colleagues or of myself in this system.
4. To keep my password and my second factor to myself, and to let nobody use my account.
5. To tell the data protection officer at once of any leak or loss of data, or any unauthorised access.
6. To return or delete all data that I hold when the work ends.

The duty of confidentiality continues after my work for the company has ended. I know that each access to data is recorded and that the customer can see it; and that a breach leads to discipline, may end my contract, and makes me liable under the law.
"""


def publish(apps, schema_editor):
    apps.get_model("staff", "UndertakingText").objects.get_or_create(
        number=1, defaults={"body_vi": VI, "body_en": EN}
    )


class Migration(migrations.Migration):
    dependencies = [("staff", "0002_guards")]

    operations = [migrations.RunPython(publish, migrations.RunPython.noop)]
