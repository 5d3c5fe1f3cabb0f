/** The command line: which commands there are, what was said behind them, and how they are called. */
@NullMarked
package ottla.broker.io.command;

import org.jspecify.annotations.NullMarked;
