// SPDX-License-Identifier: Apache-2.0
/** BERT. */
package io.github.depthc.frontend.arch.bert;
