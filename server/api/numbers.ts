/** The largest number that a row keeps: what is beyond it is no revision and no line. */
export const LARGEST = 2_147_483_647;
