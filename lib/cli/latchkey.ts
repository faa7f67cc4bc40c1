#!/usr/bin/env node
import { runCommand } from './commands.js';

const surroundings = { print: (line: string) => console.log(line), environment: process.env };

process.stdout.on('error', () => {}); // whoever reads may stop reading
// No process.exit(): with everything closed, Node ends by itself, and all was written.
process.exitCode = await runCommand(process.argv.slice(2), surroundings, (line) => console.error(line));
