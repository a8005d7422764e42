/**
 * PINs that many people choose: one digit, counting up or down, a half said twice, a year somebody may be born in, and
 * from the head of published rankings what none of these rules describes (keypad walks, films, words on a keypad).
 */
const others = `0070 0852 0911 1004 1122 1133 1221 1230 1233 1235 1236 1245 1254 1342 1357 1379 1397 1425 1470 1478 1590 1593
2112 2211 2244 2468 2580 3698 4200 4711 5150 5683 6789 7410 7531 7890 8008 8520 9630 9753 12312 12321 12344 13579 14789
15975 24680 31337 69696 78945 85208 90210 098765 100200 102030 112211 112233 121314 122333 123321 123412 123465 123654
123698 123789 124578 131313 134679 135790 142536 147258 147852 159357 159753 159951 246810 258456 314159 321321 321654
369258 420420 456123 520131 555666 654123 741852 753159 753951 789456 852456 951753 963852 987456 998877 10203040
11223344 11235813 13243546 14725836 31415926 78945612 112233445 123454321 147258369 159357258 741852963 789456123
1122334455 1234554321`;

const listed: ReadonlySet<string> = new Set(others.split(/\s+/));

export function isFrequentPin(digits: readonly number[]): boolean {
  const steps = digits.slice(1).map((digit, index) => (digit - (digits[index] ?? 0) + 10) % 10);
  const isCounting = [0, 1, 9].some((step) => steps.every((one) => one === step));
  const half = digits.length / 2;
  const isDoubled = digits.every((digit, index) => digit === digits[index % half]);
  const pin = digits.join("");
  const isYear = digits.length === 4 && Number(pin) >= 1940 && Number(pin) <= 2029;
  return isCounting || isDoubled || isYear || listed.has(pin);
}
