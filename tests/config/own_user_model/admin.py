from django.contrib import admin

from tests.config.own_user_model.models import Member


@admin.register(Member)
class MemberAdmin(admin.ModelAdmin):
    search_fields = ("email",)
