from django.contrib.auth.views import LogoutView
from django.urls import path

from accounts.views.contact_methods import ProfileContactMethods
from accounts.views.profile import Profile, ProfileAbsence, ProfileCalendar
from accounts.views.sign_in import SignIn

urlpatterns = [
    path("login/", SignIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("profile/", Profile.as_view(), name="profile"),
    path("profile/calendar/", ProfileCalendar.as_view(), name="profile-calendar"),
    path(
        "profile/contact-methods/",
        ProfileContactMethods.as_view(),
        name="profile-contact-methods",
    ),
    path("profile/absences/", ProfileAbsence.as_view(), name="profile-absences"),
]
