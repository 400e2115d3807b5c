// The dataset layouts that are recognised by themselves, one entry each, the most specific first.
// An entry says by which columns it is known, what fills each field, and which values it derives.
import { type Derived, valueAt } from './expression';
import { type Columns, isColumns } from './formats/record';
import { conversationOf, textOf } from './text';

/** The fields of a row that a layout or a person's map fills. */
export const fieldNames = ['prompt', 'answer', 'demonstration', 'demonstrations', 'id'] as const;
export type FieldName = (typeof fieldNames)[number];

/** Expression for each field; demonstration is one text, demonstrations a list of them. */
export type Fields = Readonly<Partial<Record<FieldName, string>>>;

/** The first rows of a file. */
export interface Sample {
  readonly rows: readonly Columns[];
  /** True when all of these columns or parts occur. */
  has(...paths: string[]): boolean;
}

export interface Layout {
  readonly name: string;
  readonly title: string;
  matches(sample: Sample): boolean;
  fields(sample: Sample): Fields;
  readonly derived: Readonly<Record<string, Derived>>;
}

/** True when at least half of the rows that have the value pass. */
function mostly(sample: Sample, path: string, passes: (value: unknown) => boolean): boolean {
  const values = sample.rows.map((row) => valueAt(row, path)).filter((value) => value !== undefined && value !== null);
  return values.length > 0 && values.filter(passes).length * 2 >= values.length;
}

function firstOf(sample: Sample, ...paths: string[]): string | undefined {
  return paths.find((path) => sample.has(path));
}

const finalAnswerPattern = /####\s*(\S[^\n]*?)\s*$/;

/** The answer behind "####", thousands separators removed as the reference evaluation does. */
function finalAnswer(columns: Columns): string | undefined {
  return finalAnswerPattern.exec(textOf(columns.answer) ?? '')?.[1]?.replaceAll(',', '');
}

const answerTagPattern = /<answer>\s*([\s\S]*?)\s*<\/answer>/;

function countdownExpression(columns: Columns): string | undefined {
  return answerTagPattern.exec(textOf(columns.answer) ?? '')?.[1];
}

/** The lines of the solution that are equations: "19 + 35 = 54". */
function countdownSteps(columns: Columns): string | undefined {
  const text = textOf(columns.trace ?? columns.hint ?? columns.answer) ?? '';
  const steps = text.split(/\r?\n/).filter((line) => /^[^=<>]*\d\s*=\s*-?[\d./]+\s*$/.test(line));
  return steps.length > 0 ? steps.map((line) => line.trim()).join('\n') : undefined;
}

function countdownPuzzle(columns: Columns): { nums: unknown; target: unknown } | undefined {
  const truth = valueAt(columns, 'reward_model.ground_truth');
  const inTruth = isColumns(truth) ? truth : {};
  const nums = inTruth.numbers ?? inTruth.nums ?? columns.nums;
  const target = inTruth.target ?? columns.target;
  return Array.isArray(nums) && target !== null && target !== undefined ? { nums, target } : undefined;
}

const countdownDerived: Readonly<Record<string, Derived>> = {
  puzzle: { about: 'the given numbers and the target, {nums, target}', read: countdownPuzzle },
  expression: { about: 'only the expression between <answer> and </answer>', read: countdownExpression },
  steps: { about: 'only the lines that are equations', read: countdownSteps },
};

/** The content of the last \boxed{…}, braces balanced. */
function lastBoxed(columns: Columns): string | undefined {
  const text = textOf(columns.solution) ?? '';
  const marker = '\\boxed{';
  const start = text.lastIndexOf(marker);
  if (start === -1) return undefined;
  let depth = 1;
  for (let i = start + marker.length; i < text.length; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}' && --depth === 0) return text.slice(start + marker.length, i);
  }
  return undefined;
}

function messagesBeforeReply(columns: Columns): unknown {
  const messages = conversationOf(columns.messages);
  return messages?.at(-1)?.role === 'assistant' ? messages.slice(0, -1) : messages;
}

function reply(columns: Columns): string | undefined {
  const last = conversationOf(columns.messages)?.at(-1);
  return last?.role === 'assistant' ? last.content : undefined;
}

export const layouts: readonly Layout[] = [
  {
    name: 'countdown-parquet',
    title: 'Countdown in verl columns (prompt, hint, reward_model.ground_truth with numbers and target)',
    matches: (sample) => sample.has('prompt', 'hint', 'reward_model.ground_truth.target'),
    fields: (sample) => ({ prompt: 'prompt', answer: 'puzzle', demonstration: firstOf(sample, 'answer') ?? 'hint' }),
    derived: countdownDerived,
  },
  {
    name: 'countdown',
    title: 'Countdown (nums, target, answer)',
    matches: (sample) => sample.has('nums', 'target') && mostly(sample, 'nums', Array.isArray),
    fields: (sample) => ({
      prompt: 'Numbers: {nums}. Target: {target}.',
      answer: 'puzzle',
      demonstration: firstOf(sample, 'answer', 'trace'),
    }),
    derived: countdownDerived,
  },
  {
    name: 'verl',
    title: 'verl (prompt, reward_model.ground_truth)',
    matches: (sample) => sample.has('prompt', 'reward_model.ground_truth'),
    fields: (sample) => ({
      prompt: 'prompt',
      answer: 'reward_model.ground_truth',
      demonstration: firstOf(sample, 'extra_info.tagged_answer', 'extra_info.answer', 'extra_info.solution'),
    }),
    derived: {},
  },
  {
    name: 'gsm8k',
    title: 'GSM8K (question, answer ending in "#### N")',
    matches: (sample) =>
      sample.has('question', 'answer') &&
      mostly(sample, 'answer', (value) => typeof value === 'string' && finalAnswerPattern.test(value)),
    fields: () => ({ prompt: 'question', answer: 'final_answer', demonstration: 'answer' }),
    derived: { final_answer: { about: 'what stands behind "####" in answer, commas removed', read: finalAnswer } },
  },
  {
    name: 'math',
    title: 'MATH (problem, solution, answer)',
    matches: (sample) => sample.has('problem') && (sample.has('solution') || sample.has('answer')),
    fields: (sample) => ({
      prompt: 'problem',
      answer: firstOf(sample, 'answer') ?? 'boxed',
      demonstration: firstOf(sample, 'solution'),
      id: firstOf(sample, 'unique_id'),
    }),
    derived: { boxed: { about: 'the last \\boxed{…} of solution', read: lastBoxed } },
  },
  {
    name: 'svamp',
    title: 'SVAMP (Body, Question, Equation, Answer)',
    matches: (sample) => sample.has('Body', 'Question', 'Answer'),
    fields: (sample) => ({
      prompt: '{Body} {Question}',
      answer: 'Answer',
      demonstration: sample.has('Equation') ? '{Equation} = {Answer}\n#### {Answer}' : undefined,
      id: firstOf(sample, 'ID'),
    }),
    derived: {},
  },
  {
    name: 'prosqa',
    title: 'ProsQA (question, steps, answer)',
    matches: (sample) => sample.has('question', 'steps', 'answer') && mostly(sample, 'steps', Array.isArray),
    fields: () => ({ prompt: 'question', answer: 'answer', demonstration: '{steps}\n### {answer}' }),
    derived: {},
  },
  {
    name: 'trl-messages',
    title: 'TRL conversations (messages)',
    matches: (sample) => mostly(sample, 'messages', (value) => conversationOf(value) !== undefined),
    fields: (sample) => ({
      prompt: 'conversation',
      answer: firstOf(sample, 'answer', 'ground_truth', 'solution'),
      demonstration: 'reply',
    }),
    derived: {
      conversation: { about: 'messages before the last reply', read: messagesBeforeReply },
      reply: { about: 'the last message of the assistant', read: reply },
    },
  },
  {
    name: 'trl-prompt-completion',
    title: 'TRL with completions (prompt, completion)',
    matches: (sample) => sample.has('prompt', 'completion'),
    fields: (sample) => ({
      prompt: 'prompt',
      answer: firstOf(sample, 'answer', 'ground_truth', 'solution'),
      demonstration: 'completion',
    }),
    derived: {},
  },
  {
    name: 'trl-prompt',
    title: 'TRL (prompt)',
    matches: (sample) => sample.has('prompt'),
    fields: (sample) => ({
      prompt: 'prompt',
      answer: firstOf(sample, 'answer', 'ground_truth', 'solution'),
      ...ownDemonstrations(sample),
    }),
    derived: {},
  },
  {
    name: 'question-answer',
    title: 'questions with answers (question, answer)',
    matches: (sample) => sample.has('question', 'answer'),
    fields: (sample) => ({ prompt: 'question', answer: 'answer', ...ownDemonstrations(sample) }),
    derived: {},
  },
  {
    name: 'traces',
    title: 'traces alone (demonstration, demonstrations, trace or completion)',
    matches: (sample) => Object.keys(ownDemonstrations(sample)).length > 0,
    fields: ownDemonstrations,
    derived: {},
  },
];

/** Columns that are named as the fields are. */
function ownDemonstrations(sample: Sample): Fields {
  if (sample.has('demonstrations')) return { demonstrations: 'demonstrations' };
  const one = firstOf(sample, 'demonstration', 'trace', 'completion');
  return one === undefined ? {} : { demonstration: one };
}
