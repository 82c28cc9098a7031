// SPDX-License-Identifier: Apache-2.0
/**
 * From a configuration and a checkpoint's tensors to a decoder graph, one package per architecture.
 *
 * <p>To add one: a package with a class that implements {@link io.github.depthc.frontend.arch.Architecture}, and a line
 * with its name in {@code META-INF/services/io.github.depthc.frontend.arch.Architecture}. Nothing else changes.
 */
package io.github.depthc.frontend.arch;
