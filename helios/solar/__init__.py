"""The solar system: where an ephemeris and orbits put its bodies, at any date.

Every position here is in the axes of the universe, barycentric mean ecliptic J2000 as `helios.constants` turns it from
ICRS, and every name says what its origin is: `heliocentric_au` or `barycentric_au`. Dates are Julian dates in TDB.
"""
