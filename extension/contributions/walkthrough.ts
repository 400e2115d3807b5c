// The walkthrough: five steps, all doable with the built-in example.
import type { CommandId } from './commands';

interface Step {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly markdown: string;
  readonly completionEvents: readonly string[];
}

const button = (label: string, command: CommandId) => `\n[${label}](command:${command})`;
const onCommand = (command: CommandId) => `onCommand:${command}`;

export const walkthrough = {
  id: 'superrl.start',
  title: 'Train a reasoning model',
  description: 'From nothing to a model that has learned arithmetic puzzles, in five steps and about ten minutes.',
  steps: [
    {
      id: 'example',
      title: 'Open the example',
      description: `Countdown: make a target from three numbers. The example brings prompts, worked solutions (offline traces) and its own reward function.${button('Open Example', 'superrl.openExample')}`,
      markdown: 'media/walkthrough/example.md',
      completionEvents: [onCommand('superrl.openExample')],
    },
    {
      id: 'train',
      title: 'Start training',
      description: `From the command palette, from the run file, or here. Nothing needs to be configured.${button('Start Training', 'superrl.startTraining')}`,
      markdown: 'media/walkthrough/train.md',
      completionEvents: [onCommand('superrl.startTraining')],
    },
    {
      id: 'watch',
      title: 'Watch the switch',
      description: `While no completion earns a reward, SuperRL learns from the traces; as soon as some do, it learns from its own.${button('Open Dashboard', 'superrl.openDashboard')}`,
      markdown: 'media/walkthrough/watch.md',
      completionEvents: [onCommand('superrl.openDashboard')],
    },
    {
      id: 'samples',
      title: 'Read the chains',
      description: `Click a step in the chart, then a completion: what the model wrote, what each reward said, and the trace beside it.${button('Open Sample', 'superrl.openSample')}`,
      markdown: 'media/walkthrough/samples.md',
      completionEvents: [onCommand('superrl.openSample')],
    },
    {
      id: 'model',
      title: 'Try and export the model',
      description: `Ask a checkpoint something, or write it out for transformers or llama.cpp.${button('Try Model', 'superrl.tryModel')}${button('Export Model', 'superrl.exportModel')}`,
      markdown: 'media/walkthrough/model.md',
      completionEvents: [onCommand('superrl.tryModel'), onCommand('superrl.exportModel')],
    },
  ],
} as const satisfies { id: string; title: string; description: string; steps: readonly Step[] };
