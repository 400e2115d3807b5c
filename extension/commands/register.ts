// Gives every contributed command its handler: one without doesn't compile. What a handler throws becomes a message.
import * as vscode from 'vscode';
import { type CommandId, commandIds } from '../contributions/commands';
import type { Services } from '../services';
import { showError } from '../show-error';
import { dataCommands } from './data-commands';
import { engineCommands } from './engine-commands';
import type { Handlers } from './handler';
import { modelCommands } from './model-commands';
import { rewardCommands } from './reward-commands';
import { runCommands } from './run-commands';
import { sampleCommands } from './sample-commands';
import { startCommands } from './start-commands';

export function registerCommands(services: Services): vscode.Disposable[] {
  const handlers: Handlers = {
    ...startCommands(services),
    ...runCommands(services),
    ...sampleCommands(services),
    ...modelCommands(services),
    ...engineCommands(services),
    ...dataCommands(services),
    ...rewardCommands(services),
  };
  return commandIds.map((id: CommandId) =>
    vscode.commands.registerCommand(id, async (argument?: unknown) => {
      try {
        await handlers[id](argument);
      } catch (error) {
        void showError(error, services.log);
      }
    }),
  );
}
