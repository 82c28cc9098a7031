// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.testkit;

import io.github.depthc.ir.Model;

/**
 * A random model and what to run it on.
 *
 * @param seed   what it was drawn from
 * @param model  with layers
 * @param script prompts and steps within its vocabulary
 */
public record RandomModel(long seed, Model model, Script script) {
}
