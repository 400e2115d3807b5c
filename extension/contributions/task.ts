// The task type `superrl`: runs from tasks.json, in a terminal or shown in the dashboard.

export const taskType = {
  type: 'superrl',
  required: ['runFile'],
  properties: {
    runFile: {
      type: 'string',
      description: 'Run file (*.superrl.json), relative to the workspace folder.',
    },
    overrides: {
      type: 'array',
      items: { type: 'string' },
      description: 'Changes to fields of the run file, each "path=value", for example "update.learningRate=3e-4".',
    },
    resume: {
      type: 'string',
      description: 'Folder of an interrupted run to go on with, instead of a new one.',
    },
  },
} as const;
