// SPDX-License-Identifier: Apache-2.0
/** The passes that come with depthc, written with {@link io.github.depthc.passes.api} alone; one package each. */
package io.github.depthc.passes.builtin;
