/**
 * Moments of the computer's clock, which are UTC, and Julian dates of TDB, with the numbers of `helios/solar/dates.py`, where
 * their sources and errors stand: 0.05 ms since 1972, 1 s from 1900 on; leap seconds that are still to come are not known.
 */
const [DAY_MS, UNIX_JD, J2000] = [86_400_000, 2_440_587.5, 2_451_545];
const TT_TAI_S = 32.184;

/** TAI - UTC is 10 s from the first of these days on, and 1 s more from each other. */
const LEAP_MS = [
  ...["1972-01-01", "1972-07-01", "1973-01-01", "1974-01-01", "1975-01-01", "1976-01-01", "1977-01-01", "1978-01-01"],
  ...["1979-01-01", "1980-01-01", "1981-07-01", "1982-07-01", "1983-07-01", "1985-07-01", "1988-01-01", "1990-01-01"],
  ...["1991-01-01", "1992-07-01", "1993-07-01", "1994-07-01", "1996-01-01", "1997-07-01", "1999-01-01", "2006-01-01"],
  ...["2009-01-01", "2012-07-01", "2015-07-01", "2017-01-01"],
].map((day) => Date.parse(day));

/** TT - UT at the start of 1900, 1905 and so on to 1970, and of 1972, seconds. */
const SOLAR_S = [-2.7, 3.9, 10.5, 17.2, 21.2, 23.6, 24.0, 23.9, 24.3, 26.8, 29.1, 31.1, 33.1, 35.7, 40.2, 42.184];
const SOLAR_MS = SOLAR_S.map((_, i) => (i < SOLAR_S.length - 1 ? Date.UTC(1900 + 5 * i) : LEAP_MS[0]));

/** TT - UTC of a moment, milliseconds since 1970, in seconds. */
export function ttMinusUtcS(ms: number): number {
  if (ms >= LEAP_MS[0]) return 9 + LEAP_MS.filter((from) => ms >= from).length + TT_TAI_S;
  if (ms <= SOLAR_MS[0]) return SOLAR_S[0];
  const i = SOLAR_MS.findIndex((at) => at > ms);
  const share = (ms - SOLAR_MS[i - 1]) / (SOLAR_MS[i] - SOLAR_MS[i - 1]);
  return SOLAR_S[i - 1] + share * (SOLAR_S[i] - SOLAR_S[i - 1]);
}

/** The Julian date of TDB of a moment, milliseconds since 1970 in UTC. */
export function jdTdbOf(ms: number): number {
  const days = ms / DAY_MS;
  const anomaly = ((357.53 + 0.98560028 * (days + UNIX_JD - J2000)) * Math.PI) / 180;
  const periodicS = 0.001658 * Math.sin(anomaly) + 0.000014 * Math.sin(2 * anomaly);
  const whole = Math.floor(days);
  return UNIX_JD + whole + (days - whole + (1000 * (ttMinusUtcS(ms) + periodicS)) / DAY_MS);
}

/** The moment of a Julian date of TDB, milliseconds since 1970 in UTC, to 0.1. */
export function msOf(jdTdb: number): number {
  const ms = (jdTdb - UNIX_JD) * DAY_MS;
  const guess = ms - 1000 * ttMinusUtcS(ms - 1000 * ttMinusUtcS(ms));
  return guess - (jdTdbOf(guess) - jdTdb) * DAY_MS;
}
