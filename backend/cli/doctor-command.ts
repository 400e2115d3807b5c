// `superrl doctor`: what works on this machine, and what to do about what doesn't.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { arch, cpus, freemem, platform, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type ProbeResult, type ProbeTarget, probeEngine, probeTargets } from '../engine/probe/engine-probe';
import { engineReport } from '../engine/probe/engine-report';
import { findTensorflow } from '../engine/tensorflow/installation';
import { nvidiaGpus } from '../engine/tensorflow/nvidia';
import { errorText } from '../protocol/errors';
import { acquireRunLock } from '../trainer/run-folder/run-lock';
import { type CommandContext, type CommonOptions, createCommand } from './command';
import { exitCodes } from './error-report';
import { bytesText } from './number-text';
import { createPaint, type Paint } from './paint';
import { programVersion } from './version';

export interface Finding {
  readonly name: string;
  /** bad: nothing can be trained; warning: something optional is missing. */
  readonly level: 'good' | 'warning' | 'bad';
  readonly found: string;
  readonly advice?: string;
}

export function doctorCommand({ terminal, finish }: CommandContext): Command {
  return createCommand('doctor', 'Check what works on this machine').action(async (options: CommonOptions) => {
    const findings = [node(), machine(), ...(await engines()), storage(), python()];
    if (options.json) terminal.out(`${JSON.stringify({ superrl: programVersion(), findings })}\n`);
    else terminal.out(`superrl ${programVersion()}\n${findingsText(findings, createPaint(terminal.hasColor))}`);
    finish(findings.some(({ level }) => level === 'bad') ? exitCodes.failed : exitCodes.done);
  });
}

export function findingsText(findings: readonly Finding[], paint: Paint): string {
  const marks = { good: paint.good('✓'), warning: paint.warning('!'), bad: paint.bad('✗') };
  const width = Math.max(...findings.map(({ name }) => name.length));
  return findings
    .map(({ name, level, found, advice }) => {
      const line = `${marks[level]} ${name.padEnd(width)}  ${found}\n`;
      return advice === undefined ? line : `${line}${' '.repeat(width + 4)}${advice}\n`;
    })
    .join('');
}

function node(): Finding {
  const version = process.versions.node;
  const isNew = Number(version.split('.')[0]) >= 20;
  return {
    name: 'Node.js',
    level: isNew ? 'good' : 'bad',
    found: `${version} at ${process.execPath}`,
    ...(isNew ? {} : { advice: 'Install Node.js 20 or newer.' }),
  };
}

function machine(): Finding {
  const memory = `${bytesText(freemem())} of ${bytesText(totalmem())} memory free`;
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return { name: 'machine', level: 'good', found: `${platform()}-${arch()}, ${cpus().length} × ${model}, ${memory}` };
}

/** One after the other, so that none slows another's measurement. */
async function engines(): Promise<Finding[]> {
  const findings: Finding[] = [];
  const results = new Map<ProbeTarget, ProbeResult>();
  for (const target of probeTargets) {
    const result = await probeEngine(target);
    results.set(target, result);
    findings.push(engineReport(target, result));
  }
  const { chooseEngine } = await import('../trainer/choose-engine');
  const { kind, reason } = chooseEngine('auto', () => ({
    installation: findTensorflow(),
    gpus: nvidiaGpus,
    // As the probe's process found it: this one loads nothing native.
    load: () => {
      const probed = results.get('tensorflow');
      if (probed?.state === 'works') return { version: probed.versions.tensorflow ?? '', usesGpu: probed.usesGpu };
      throw new Error(probed?.reason);
    },
  }));
  return [...findings, { name: 'engine auto', level: 'good', found: `${kind}: ${reason}` }];
}

function storage(): Finding {
  const name = 'files';
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(tmpdir(), 'superrl-doctor-'));
    acquireRunLock(folder).release();
    const { bavail, bsize } = statfsSync(process.cwd());
    const free = bavail * bsize;
    return {
      name,
      level: free < 1e9 ? 'warning' : 'good',
      found: `${bytesText(free)} free here; run locks work`,
      ...(free < 1e9 ? { advice: 'Checkpoints take three times the size of the model each; free some space.' } : {}),
    };
  } catch (error) {
    return { name, level: 'bad', found: errorText(error), advice: 'Runs need a folder that can be written.' };
  } finally {
    if (folder) rmSync(folder, { recursive: true, force: true });
  }
}

function python(): Finding {
  for (const command of platform() === 'win32' ? ['python', 'py'] : ['python3', 'python']) {
    try {
      const options = {
        encoding: 'utf8',
        timeout: 10_000,
        windowsHide: true,
      } as const;
      return {
        name: 'Python',
        level: 'good',
        found: `${execFileSync(command, ['--version'], options).trim()} (${command})`,
      };
    } catch {
      // not there, or not runnable: try the next name
    }
  }
  return { name: 'Python', level: 'warning', found: 'not found', advice: 'Only rewards written in Python need it.' };
}
