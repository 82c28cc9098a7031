// SPDX-License-Identifier: Apache-2.0
/** A bundle behind HTTP, from outside. */
package io.github.depthc.integration.serving;
