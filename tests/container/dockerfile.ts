import { join } from 'node:path'
import { DockerfileParser, type Instruction, type ModifiableInstruction } from 'dockerfile-ast'

export const ROOT = join(import.meta.dir, '../..')
export const DOCKERFILE = join(ROOT, 'Dockerfile')

export interface Step {
  keyword: string
  /** As written, continued lines joined. */
  text: string
  /** Without flags. */
  words: string[]
  flags: Record<string, string>
}

export interface Stage {
  image: string
  name: string | undefined
  steps: Step[]
}

const flagsOf = (instruction: Instruction): Record<string, string> =>
  Object.fromEntries(
    'getFlags' in instruction
      ? (instruction as ModifiableInstruction)
          .getFlags()
          .map((flag) => [flag.getName(), flag.getValue() ?? ''])
      : [],
  )

const stepOf = (instruction: Instruction): Step => ({
  keyword: instruction.getKeyword(),
  text: instruction.getArgumentsContent() ?? '',
  words: instruction.getArguments().map((each) => each.getValue()),
  flags: flagsOf(instruction),
})

export const stagesOf = (text: string): Stage[] => {
  const stages: Stage[] = []
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const step = stepOf(instruction)
    if (step.keyword === 'FROM') stages.push({ image: step.words[0] ?? '', name: step.words[2], steps: [] })
    else stages.at(-1)?.steps.push(step)
  }
  return stages
}

export const stepsNamed = (stage: Stage | undefined, keyword: string): Step[] =>
  stage?.steps.filter((step) => step.keyword === keyword) ?? []

/** What a step in exec form runs; null where a shell would be needed. */
export const commandOf = (step: Step | undefined): string[] | null => {
  try {
    const command: unknown = JSON.parse(step?.text.slice(step.text.indexOf('[')) ?? '')
    return Array.isArray(command) && command.every((word) => typeof word === 'string') ? command : null
  } catch {
    return null
  }
}

export const environmentOf = (stage: Stage | undefined): Record<string, string> =>
  Object.fromEntries(
    stepsNamed(stage, 'ENV').flatMap(({ words }) =>
      words.map((word) => word.split(/=(.*)/s, 2) as [string, string]),
    ),
  )

/** What .dockerignore lets into a build; null unless it lists just that. */
export const allowedBy = (ignore: string): string[] | null => {
  const [first, ...rest] = ignore.split('\n').filter((line) => line.trim() && !line.startsWith('#'))
  return first === '*' && rest.every((line) => line.startsWith('!'))
    ? rest.map((line) => line.slice(1))
    : null
}
