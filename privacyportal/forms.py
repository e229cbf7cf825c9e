from django.forms.renderers import TemplatesSetting


class PortalRenderer(TemplatesSetting):
    """Forms as our templates draw them: label, hint, fault, field; an error summary on top."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"
