/** Metres from the Sun, 1,000 light-hours: beyond this no body gives light that any exposure shows. */
export const REACH_M = 299_792_458 * 3.6e6;
