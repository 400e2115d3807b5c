// Commands on the machine: which engine runs use, what works here, and the log.
import * as vscode from 'vscode';
import { type SettingContribution, settings } from '../contributions/settings';
import { doctorSchema, doctorText } from '../documents/doctor-text';
import type { Services } from '../services';
import { setting } from '../setting';
import type { Handlers } from './handler';
import { requestWithProgress } from './with-progress';

export function engineCommands(
  services: Services,
): Pick<Handlers, 'superrl.selectEngine' | 'superrl.engineDoctor' | 'superrl.showLog'> {
  return {
    'superrl.selectEngine': selectEngine,
    'superrl.engineDoctor': async () => {
      const result = await requestWithProgress(services.connection, 'Checking this machine', 'doctor', {});
      const report = doctorSchema.parse(result);
      await services.reports.show('Engine Doctor', doctorText(report, services.runtimeReason()));
    },
    'superrl.showLog': () => services.log.show(),
  };
}

async function selectEngine(): Promise<void> {
  const contribution: SettingContribution = settings['superrl.engine'];
  const current = setting('superrl.engine');
  const picked = await vscode.window.showQuickPick(
    (contribution.enum ?? []).map((name, index) => ({
      label: name,
      description: name === current ? 'now' : '',
      detail: contribution.enumDescriptions?.[index] ?? '',
    })),
    { placeHolder: 'Engine of the runs that are started from this editor' },
  );
  if (!picked) return;
  await vscode.workspace.getConfiguration().update('superrl.engine', picked.label, vscode.ConfigurationTarget.Global);
}
