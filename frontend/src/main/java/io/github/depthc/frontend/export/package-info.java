// SPDX-License-Identifier: Apache-2.0
/** The way back: a routed model as a checkpoint of a published Mixture-of-Depths format. */
package io.github.depthc.frontend.export;
