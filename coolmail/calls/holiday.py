"""Days on which a country does not work, from the `holidays` library: its holidays and the weekend that is kept there."""

from __future__ import annotations

from datetime import date

import holidays
from holidays import HolidayBase

from coolmail.calls.slots import OffDay

KINDS = (holidays.PUBLIC, holidays.OPTIONAL)
"""Public holidays, and the days on which many have off without a law, like Christmas Eve in Denmark: no days for a difficult call."""


def calendar_of(country: str, years: range) -> HolidayBase | None:
    """Return the holidays of a country (`DK`, or with a subdivision `DE-BY`) in these years; None if the library does not know it."""
    code, _, subdivision = country.upper().partition("-")
    try:
        known = holidays.country_holidays(code, subdiv=subdivision or None)
        kinds = tuple(kind for kind in KINDS if kind in known.supported_categories)
        return holidays.country_holidays(code, subdiv=subdivision or None, years=years, categories=kinds)
    except NotImplementedError:
        return None


def holidays_only(calendar: HolidayBase | None) -> OffDay:
    """Return whether a day is a holiday; the user's weekdays are settled elsewhere."""
    return lambda day: calendar is not None and day in calendar


def days_off(calendar: HolidayBase | None) -> OffDay:
    """Return whether a day is a holiday or in the weekend; Saturday and Sunday where the country is not known."""

    def off(day: date) -> bool:
        return day.isoweekday() > 5 if calendar is None else not calendar.is_working_day(day)

    return off
