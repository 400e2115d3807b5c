// Adapters in PEFT's layout: names, round trip, what a folder without them says. PEFT itself opens ours in
// test/backend/model/peft.test.ts.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { adapterTensorName, loadPeft, savePeft } from '../../../backend/model/peft';

const folder = mkdtempSync(join(tmpdir(), 'superrl-peft-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const settings = { rank: 2, alpha: 8, targets: ['q_proj', 'down_proj'] };
const name = adapterTensorName('model.layers.0.self_attn.q_proj', 'A');
const tensors = new Map([[name, { shape: [2, 3], data: Float32Array.of(1, -2, 3, 4, 5, 0.1) }]]);

it('writes what PEFT reads, and reads it back', async () => {
  const to = join(folder, 'new', 'adapter');
  await savePeft(to, { settings, tensors }, 'base/model');
  expect(existsSync(join(to, 'adapter_model.safetensors'))).toBe(true);
  expect(JSON.parse(readFileSync(join(to, 'adapter_config.json'), 'utf8'))).toMatchObject({
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: 'base/model',
    r: 2,
    lora_alpha: 8,
    target_modules: ['q_proj', 'down_proj'],
    bias: 'none',
  });
  const back = await loadPeft(to);
  expect(back.settings).toEqual(settings);
  expect(back.tensors.get('base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight')).toEqual(tensors.get(name));
});

it('names what is no adapter', async () => {
  await expect(loadPeft(join(folder, 'none'))).rejects.toThrow(
    /none.adapter_config\.json: is no LoRA adapter as PEFT writes it \(ENOENT/,
  );
  writeFileSync(join(folder, 'adapter_config.json'), '{ "peft_type": "PREFIX_TUNING" }');
  await expect(loadPeft(folder)).rejects.toThrow(/is no LoRA adapter as PEFT writes it \(.*peft_type/s);
});
