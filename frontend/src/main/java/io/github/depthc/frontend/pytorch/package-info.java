// SPDX-License-Identifier: Apache-2.0
/**
 * PyTorch's checkpoint format: a zip archive whose entries are stored as they are, one of them a pickle that describes the tensors, the others
 * their data.
 *
 * <p>A pickle is a program. Here it runs on a machine that knows only what a map of names to tensors takes: nothing of the file is ever executed
 * or instantiated, and an instruction or a name beyond that is refused.
 */
package io.github.depthc.frontend.pytorch;
