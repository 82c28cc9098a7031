// SPDX-License-Identifier: Apache-2.0
/** How routed layers choose their tokens without a trained router. */
package io.github.depthc.passes.builtin.route;
