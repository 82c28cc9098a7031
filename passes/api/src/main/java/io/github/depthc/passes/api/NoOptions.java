// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.passes.api;

/** The options of a pass that has none. */
public record NoOptions() {
}
