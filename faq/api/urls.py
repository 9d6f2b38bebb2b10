"""Addresses of the API, version 1; whatever else stands below /api/ is a problem and no page."""

from django.urls import path, re_path, register_converter

from faq.api import content, desk_questions, desk_sources, desk_work, schema, searching
from faq.api.views import AskView, FeedbackView, NoSuchAddressView


class KeyConverter:
    """The key of a question or a source, as SlugField(allow_unicode=True) has it; also a passage's."""

    regex = r"[-\w]{1,120}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return str(value)


class NumberConverter:
    """The id of a row: what every database takes for one."""

    regex = r"[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return str(value)


register_converter(KeyConverter, "apikey")
register_converter(NumberConverter, "number")

urlpatterns = [
    path("api/v1/schema/", schema.schema, name="api-schema"),
    path("api/v1/docs/", schema.PageView.as_view(), name="api-docs"),
    path("api/v1/locales", content.LocalesView.as_view(), name="api-locales"),
    path("api/v1/topics", content.TopicsView.as_view(), name="api-topics"),
    path("api/v1/questions", content.QuestionsView.as_view(), name="api-questions"),
    path("api/v1/questions/<apikey:key>", content.QuestionView.as_view(), name="api-question"),
    path("api/v1/questions/<apikey:key>/feedback", FeedbackView.as_view(), name="api-feedback"),
    path("api/v1/sources", content.SourcesView.as_view(), name="api-sources"),
    path("api/v1/sources/<apikey:key>", content.SourceView.as_view(), name="api-source"),
    path("api/v1/passages/<apikey:key>", content.PassageView.as_view(), name="api-passage"),
    path("api/v1/search", searching.SearchView.as_view(), name="api-search"),
    path("api/v1/suggest", searching.SuggestView.as_view(), name="api-suggest"),
    path("api/v1/ask", AskView.as_view(), name="api-ask"),
    path("api/v1/desk/sources", desk_sources.DeskSourcesView.as_view()),
    path("api/v1/desk/sources/<apikey:key>", desk_sources.DeskSourceView.as_view()),
    path("api/v1/desk/sources/<apikey:key>/revisions", desk_sources.RevisionsView.as_view()),
    path("api/v1/desk/sources/<apikey:key>/impact", desk_sources.ImpactView.as_view()),
    path("api/v1/desk/sources/<apikey:key>/publish", desk_sources.PublishSourceView.as_view()),
    path("api/v1/desk/sources/<apikey:key>/retire", desk_sources.RetireSourceView.as_view()),
    path("api/v1/desk/questions", desk_questions.DeskQuestionsView.as_view()),
    path("api/v1/desk/questions/<apikey:key>", desk_questions.DeskQuestionView.as_view()),
    path("api/v1/desk/questions/<apikey:key>/phrasings", desk_questions.PhrasingsView.as_view()),
    path("api/v1/desk/questions/<apikey:key>/answers", desk_questions.AnswersView.as_view()),
    path("api/v1/desk/questions/<apikey:key>/draft", desk_questions.DraftView.as_view()),
    path("api/v1/desk/questions/<apikey:key>/publish", desk_questions.PublishQuestionView.as_view()),
    path("api/v1/desk/questions/<apikey:key>/retire", desk_questions.RetireQuestionView.as_view()),
    path("api/v1/desk/translations", desk_work.UnitsView.as_view()),
    path("api/v1/desk/translations/<number:pk>", desk_work.UnitView.as_view()),
    path("api/v1/desk/translations/<number:pk>/approve", desk_work.ApproveUnitView.as_view()),
    path("api/v1/desk/jobs", desk_work.JobsView.as_view()),
    path("api/v1/desk/jobs/<uuid:pk>", desk_work.JobView.as_view()),
    path("api/v1/desk/jobs/<uuid:pk>/cancel", desk_work.CancelJobView.as_view()),
    path("api/v1/desk/jobs/<uuid:pk>/retry", desk_work.RetryJobView.as_view()),
    re_path(r"^api(/|$)", NoSuchAddressView.as_view()),
]
