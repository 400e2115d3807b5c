// What jsonc-parser objects to, in words for a person, with what to write instead.
import { type ParseError, printParseErrorCode } from 'jsonc-parser';

const syntaxWords: Readonly<Record<string, string>> = {
  InvalidSymbol: 'an unknown word here: text must be in double quotes',
  InvalidNumberFormat: 'not a number that JSON knows',
  PropertyNameExpected: 'a field name in double quotes is expected here',
  ValueExpected: 'a value is expected here',
  ColonExpected: 'a ":" is expected here, between a field name and its value',
  CommaExpected: 'a "," is expected here, between two fields or items',
  CloseBraceExpected: 'a "}" is missing here',
  CloseBracketExpected: 'a "]" is missing here',
  EndOfFileExpected: 'nothing may follow the closing "}"',
  InvalidCommentToken: 'not a comment: write // … or /* … */',
  UnexpectedEndOfComment: 'this comment is never closed: add */',
  UnexpectedEndOfString: 'this text is never closed: add a double quote',
  UnexpectedEndOfNumber: 'this number is cut off',
  InvalidUnicode: 'not a \\uXXXX escape',
  InvalidEscapeCharacter: 'not an escape that JSON knows: write \\\\ for a backslash',
  InvalidCharacter: 'a control character in text: write \\n or \\t instead',
};

/** The first objection. The parser objects to a bare field name as a symbol first and says next that a name was wanted. */
export function syntaxObjection(errors: readonly ParseError[]): string {
  const [first, second] = errors.slice(0, 2).map(({ error }) => printParseErrorCode(error));
  const code = first === 'InvalidSymbol' && second === 'PropertyNameExpected' ? second : (first ?? '');
  return syntaxWords[code] ?? code;
}
