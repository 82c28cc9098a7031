// SPDX-License-Identifier: Apache-2.0
/** How a model comes in: {@link io.github.depthc.frontend.Importer} is the entry. */
package io.github.depthc.frontend;
