// `superrl setup tensorflow [--undo]`: makes the engine "tensorflow" usable on this machine.
import { Command } from 'commander';
import { setUpTensorflow, undoTensorflow } from '../engine/tensorflow/setup/setup-tensorflow';
import { type CommandContext, type CommonOptions, createCommand } from './command';
import { exitCodes } from './error-report';

interface SetupOptions extends CommonOptions {
  readonly venv?: string;
  readonly python?: string;
  readonly undo?: boolean;
}

export function setupCommand({ terminal, finish }: CommandContext): Command {
  const tensorflow = createCommand('tensorflow', 'Link the engine "tensorflow" to a current TensorFlow (Linux, WSL)')
    .option('--venv <dir>', 'a Python environment to use; default: one of our own')
    .option('--python <path>', 'the Python to make the environment with')
    .option('--undo', 'remove what the set-up made')
    .addHelpText(
      'after',
      '\nInstalls TensorFlow (with CUDA where there is an NVIDIA driver) and builds the binding of\n' +
        '@tensorflow/tfjs-node-gpu for it. Needs Python 3.10 to 3.13, a C++ compiler and npm. A matrix product and a\n' +
        'gradient are tried at the end; "superrl doctor" shows the result.',
    )
    .action(async ({ undo, venv, python, json }: SetupOptions) => {
      if (undo) {
        const done = await undoTensorflow();
        terminal.out(json ? `${JSON.stringify({ done })}\n` : `${done.join('\n')}\n`);
      } else {
        const onProgress = (message: string) => {
          if (!json) terminal.out(`${message}…\n`);
        };
        const { record, notes } = await setUpTensorflow({ venv, python, onProgress });
        if (json) terminal.out(`${JSON.stringify({ ...record, notes })}\n`);
        else {
          const speed = `${record.matmulGflops} GFLOP/s in a matrix product`;
          terminal.out(`TensorFlow ${record.tensorflow} works on ${record.deviceName}: ${speed}.\n`);
          for (const note of notes) terminal.err(`warning: ${note}\n`);
        }
      }
      finish(exitCodes.done);
    });
  return new Command('setup').description('Make an engine usable that is not built in').addCommand(tensorflow);
}
