// SPDX-License-Identifier: Apache-2.0
/** How far a converted model's answers are from another's: measured on continuations of prompts. */
package io.github.depthc.cli.eval;
