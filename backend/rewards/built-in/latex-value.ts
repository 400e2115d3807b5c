// The number that a simple LaTeX expression stands for: decimals, fractions, mixed numbers, roots, powers,
// π, products with and without a sign. Anything with a letter in it has no value and is compared as text.

const tokenPattern = /\d+(?:\.\d*)?|\.\d+|\\[a-zA-Z]+|\S/g;
const deepest = 50;

class NoValue extends Error {}

/** The value as float64; undefined when the text isn't a numeric expression. */
export function latexValue(text: string): number | undefined {
  const tokens: string[] = text.match(tokenPattern) ?? [];
  if (tokens.length === 0 || tokens.length > 500) return undefined;
  const reader = new ValueReader(tokens);
  try {
    const value = reader.whole();
    return Number.isFinite(value) ? value : undefined;
  } catch (error) {
    if (error instanceof NoValue) return undefined;
    throw error;
  }
}

class ValueReader {
  private at = 0;
  private depth = 0;

  constructor(private readonly tokens: string[]) {}

  whole(): number {
    const value = this.sum();
    if (this.at < this.tokens.length) throw new NoValue();
    return value;
  }

  private sum(): number {
    if (++this.depth > deepest) throw new NoValue();
    let value = this.product();
    for (;;) {
      if (this.take('+')) value += this.product();
      else if (this.take('-')) value -= this.product();
      else break;
    }
    this.depth--;
    return value;
  }

  private product(): number {
    let value = this.signed();
    for (;;) {
      if (this.take('*')) value *= this.signed();
      else if (this.take('/')) value /= this.signed();
      else if (this.startsFactor()) value *= this.power();
      else return value;
    }
  }

  private signed(): number {
    if (this.take('-')) return -this.nested(() => this.signed());
    if (this.take('+')) return this.nested(() => this.signed());
    return this.power();
  }

  private power(): number {
    const base = this.atom();
    return this.take('^') ? base ** this.argument() : base;
  }

  private atom(): number {
    const token = this.tokens[this.at++];
    if (token === undefined) throw new NoValue();
    if (/^[\d.]/.test(token)) return this.mixed(Number(token), /^\d+$/.test(token));
    if (token === '\\pi' || token === 'π') return Math.PI;
    if (token === '\\frac') return this.argument() / this.argument();
    if (token === '\\sqrt') return this.root();
    if (token === '(' || token === '{') return this.group(token === '(' ? ')' : '}');
    throw new NoValue();
  }

  /** `1\frac{4}{5}` is a mixed number: a sum, where other neighbours are products. */
  private mixed(whole: number, isInteger: boolean): number {
    if (!isInteger || !this.take('\\frac')) return whole;
    return whole + this.argument() / this.argument();
  }

  private root(): number {
    if (!this.take('[')) return Math.sqrt(this.argument());
    const index = this.group(']');
    const radicand = this.argument();
    return radicand < 0 && index % 2 === 1 ? -((-radicand) ** (1 / index)) : radicand ** (1 / index);
  }

  /** A braced group, or one digit or symbol as in `\frac12` and `x^2`. */
  private argument(): number {
    if (this.take('{')) return this.group('}');
    const token = this.tokens[this.at];
    if (token === undefined) throw new NoValue();
    if (/^\d/.test(token)) return this.digit(token);
    return this.nested(() => this.atom());
  }

  /** TeX reads one digit as the argument: the rest of the number stays for what follows. */
  private digit(token: string): number {
    if (token.length > 1) {
      const rest = token.slice(1);
      this.tokens.splice(this.at, 1, rest);
    } else this.at++;
    return Number(token[0]);
  }

  private group(end: string): number {
    const value = this.sum();
    if (!this.take(end)) throw new NoValue();
    return value;
  }

  private nested(read: () => number): number {
    if (++this.depth > deepest) throw new NoValue();
    const value = read();
    this.depth--;
    return value;
  }

  private take(token: string): boolean {
    if (this.tokens[this.at] !== token) return false;
    this.at++;
    return true;
  }

  private startsFactor(): boolean {
    const token = this.tokens[this.at];
    return token !== undefined && /^(?:[\d.]|\\pi|π|\\sqrt|\\frac|\(|\{)/.test(token);
  }
}
