// The engine doctor's report as a document.
import { z } from 'zod';

export const doctorSchema = z.object({
  superrl: z.string().optional(),
  findings: z.array(
    z.object({
      name: z.string(),
      level: z.enum(['good', 'warning', 'bad']),
      found: z.string(),
      advice: z.string().optional(),
    }),
  ),
});
export type DoctorReport = z.infer<typeof doctorSchema>;

export function doctorText({ superrl, findings }: DoctorReport, runtimeReason: string | undefined): string {
  const marks = { good: '✓', warning: '!', bad: '✗' };
  const lines = [`# SuperRL ${superrl ?? ''} on this machine`, ''];
  for (const { name, level, found, advice } of findings) {
    lines.push(`${marks[level]} **${name}**: ${found}`, '');
    if (advice !== undefined) lines.push(`  ${advice}`, '');
  }
  if (runtimeReason !== undefined) lines.push(`Runtime: ${runtimeReason}`, '');
  return lines.join('\n');
}
