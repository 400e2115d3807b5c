// Exact rational numbers on bigint: answers are compared and Countdown expressions evaluated without
// rounding, so that 1/3*3 is 1 and 0.1+0.2 is 0.3.

export class Rational {
  private constructor(
    readonly numerator: bigint,
    /** Always positive, and coprime with the numerator. */
    readonly denominator: bigint,
  ) {}

  /** numerator / denominator in lowest terms; undefined when the denominator is 0. */
  static of(numerator: bigint, denominator = 1n): Rational | undefined {
    if (denominator === 0n) return undefined;
    const divisor = greatestCommonDivisor(numerator, denominator) * (denominator < 0n ? -1n : 1n);
    return new Rational(numerator / divisor, denominator / divisor);
  }

  static integer(value: bigint): Rational {
    return new Rational(value, 1n);
  }

  /** A decimal such as `-12.50`, `.5` or `7.` without separators; undefined when the text is not one. */
  static parse(text: string): Rational | undefined {
    const match = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text);
    const [, sign = '', whole = '', fraction = ''] = match ?? [];
    if (!match || whole + fraction === '') return undefined;
    const digits = BigInt(whole + fraction);
    return Rational.of(sign === '-' ? -digits : digits, 10n ** BigInt(fraction.length));
  }

  plus(other: Rational): Rational {
    return reduced(
      this.numerator * other.denominator + other.numerator * this.denominator,
      this.denominator * other.denominator,
    );
  }

  minus(other: Rational): Rational {
    return this.plus(other.negated());
  }

  times(other: Rational): Rational {
    return reduced(this.numerator * other.numerator, this.denominator * other.denominator);
  }

  /** undefined when the divisor is 0. */
  dividedBy(other: Rational): Rational | undefined {
    return Rational.of(this.numerator * other.denominator, this.denominator * other.numerator);
  }

  negated(): Rational {
    return new Rational(-this.numerator, this.denominator);
  }

  equals(other: Rational): boolean {
    return this.numerator === other.numerator && this.denominator === other.denominator;
  }

  toString(): string {
    return this.denominator === 1n ? `${this.numerator}` : `${this.numerator}/${this.denominator}`;
  }
}

function reduced(numerator: bigint, denominator: bigint): Rational {
  const value = Rational.of(numerator, denominator);
  if (!value) throw new Error('a product of positive denominators is never 0');
  return value;
}

function greatestCommonDivisor(left: bigint, right: bigint): bigint {
  let a = left < 0n ? -left : left;
  let b = right < 0n ? -right : right;
  while (b !== 0n) [a, b] = [b, a % b];
  return a;
}
