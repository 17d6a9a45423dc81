from django.db import models


class Book(models.Model):
    title = models.TextField()


async def view(request):
    return Book.objects.get(pk=1)  # expect: django.db.models.QuerySet.get
