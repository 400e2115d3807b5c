// What a failed step of the set-up says to a person: the cause where the tool's words give it away, else those words.
import { SuperRlError } from '../../../protocol/errors';

export type SetupStep = 'venv' | 'pip' | 'npm' | 'compile';

const causes: readonly { readonly pattern: RegExp; readonly steps: readonly SetupStep[]; readonly advice: string }[] = [
  {
    pattern: /No space left on device|ENOSPC|not enough space/i,
    steps: ['venv', 'pip', 'npm', 'compile'],
    advice: 'The disk is full: free some space, then run it again; it goes on where it stopped.',
  },
  {
    pattern: /ensurepip is not|ensurepip.*returned non-zero|No module named (venv|ensurepip)/,
    steps: ['venv'],
    advice:
      'This Python cannot make environments: install its venv module (Debian, Ubuntu: sudo apt install python3-venv), or ' +
      'name another Python with --python.',
  },
  {
    pattern: /No matching distribution found|Could not find a version that satisfies/,
    steps: ['pip'],
    advice:
      'There is no such TensorFlow for this Python and system: it needs Python 3.10 to 3.13 (64-bit, glibc). Name another ' +
      'Python with --python.',
  },
  {
    pattern:
      /Temporary failure in name resolution|Failed to establish a new connection|ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|Network is unreachable/,
    steps: ['pip', 'npm'],
    advice: 'The package server cannot be reached: check the network or the proxy settings, then run it again.',
  },
  {
    pattern: /externally-managed-environment/,
    steps: ['pip'],
    advice: 'That Python belongs to the system: give a virtual environment with --venv, or leave --venv out.',
  },
  {
    pattern: /EACCES|Permission denied/,
    steps: ['venv', 'pip', 'npm', 'compile'],
    advice: 'A folder cannot be written: make it yours, or set XDG_STATE_HOME to one that is.',
  },
  {
    pattern: /unrecognized command.line option|invalid value 'c\+\+17'|#error.*C\+\+/,
    steps: ['compile'],
    advice: 'The compiler is too old for C++17: install g++ 9 or newer, or name one in CXX.',
  },
  {
    pattern: /fatal error: (\S+): No such file or directory/,
    steps: ['compile'],
    advice:
      "A header is missing: TensorFlow's folder is incomplete, or the compiler has no C++ library. Reinstall them.",
  },
];

const what: Record<SetupStep, string> = {
  venv: 'The virtual environment was not made',
  pip: 'TensorFlow was not installed',
  npm: 'The Node package was not installed',
  compile: 'The binding was not built',
};

/** @param tail the end of what the tool printed */
export function setupFailure(step: SetupStep, tail: string): SuperRlError {
  const cause = causes.find(({ steps, pattern }) => steps.includes(step) && pattern.test(tail));
  const lines = tail
    .trim()
    .split('\n')
    .filter((line) => line.trim() !== '');
  const said = lines.slice(-3).join('\n');
  const advice = cause?.advice ?? 'Mend what it says, then run it again.';
  return new SuperRlError('engine', `${what[step]}. ${advice}${said === '' ? '' : `\nIt said: ${said}`}`);
}
